export function openSpeed(host: HTMLElement): void {
  host.textContent = '…';
}

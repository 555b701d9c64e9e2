export function openDigits(host: HTMLElement): void {
  host.textContent = '…';
}

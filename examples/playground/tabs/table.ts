export function openTable(host: HTMLElement): void {
  host.textContent = '…';
}

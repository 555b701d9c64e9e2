export class BackwardView {
  isOpen = false;
  open(..._a: unknown[]): void {}
  close(): void {}
}

export interface Row {
  readonly host: string;
  readonly way: string;
  readonly version: string;
  readonly result: string;
}
export interface Document {
  readonly date: string;
  readonly version: string;
  readonly rows: readonly Row[];
}
export function table(rows: readonly Row[]): string;
export function compatibility(document: Document): string;
export function parse(text: string): Document;

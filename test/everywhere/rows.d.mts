export function rowMakers(): Promise<readonly ((context: object) => readonly { readonly host: string; readonly way: string }[])[]>;

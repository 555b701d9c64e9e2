/** What edge hosts make of a static import: a WebAssembly.Module. */
declare module '*.wasm' {
  const module: object;
  export default module;
}

declare module '*.wasm?module' {
  const module: object;
  export default module;
}

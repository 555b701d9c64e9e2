/** Models kept in this browser, by name: IndexedDB. */

const STORE = 'models';

export interface Shelf {
  names(): Promise<string[]>;
  get(name: string): Promise<Uint8Array | undefined>;
  put(name: string, bytes: Uint8Array): Promise<void>;
  remove(name: string): Promise<void>;
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** @throws where the browser has no IndexedDB, or forbids it */
export async function openShelf(): Promise<Shelf> {
  if (!('indexedDB' in globalThis) || !indexedDB) throw new Error('this browser has no IndexedDB');
  const opening = indexedDB.open('neurite-playground', 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  const database = await done(opening);
  const store = (mode: IDBTransactionMode) => database.transaction(STORE, mode).objectStore(STORE);
  /** Once it is written: a full disk is told of at the end of the transaction alone. */
  const change = (ask: (store: IDBObjectStore) => unknown) =>
    new Promise<void>((resolve, reject) => {
      const to = store('readwrite');
      to.transaction.oncomplete = () => resolve();
      to.transaction.onabort = () => reject(to.transaction.error ?? new Error('the browser refused to save it'));
      ask(to);
    });
  return {
    names: async () => (await done(store('readonly').getAllKeys())).map(String),
    get: (name) => done(store('readonly').get(name)),
    put: (name, bytes) => change((to) => to.put(bytes, name)),
    remove: (name) => change((to) => to.delete(name)),
  };
}

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
  return {
    names: async () => (await done(store('readonly').getAllKeys())).map(String),
    get: (name) => done(store('readonly').get(name)),
    put: async (name, bytes) => {
      await done(store('readwrite').put(bytes, name));
    },
    remove: async (name) => {
      await done(store('readwrite').delete(name));
    },
  };
}

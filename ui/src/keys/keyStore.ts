import { createContext, useContext } from 'react'

import type { PersonKey } from './personKey'

/** Where this browser keeps the keys of the people who use it. */
export interface KeyStore {
  readonly ofAccount: (account: string) => Promise<readonly PersonKey[]>
  readonly keep: (key: PersonKey) => Promise<void>
  readonly forget: (keyId: string) => Promise<void>
}

const DATABASE = 'scf-keys'
const KEYS = 'keys'

/** IndexedDB keeps a CryptoKey as it is, so that its private half stays with the browser. */
export const browserKeyStore: KeyStore = {
  ofAccount: async (account) => {
    if (globalThis.indexedDB === undefined) return []
    const all = await inStore<PersonKey[]>('readonly', (store) => store.getAll() as IDBRequest<PersonKey[]>)
    return all.filter((key) => key.account === account)
  },
  keep: async (key) => {
    await inStore('readwrite', (store) => store.put(key))
  },
  forget: async (keyId) => {
    await inStore('readwrite', (store) => store.delete(keyId))
  },
}

export const KeyStoreContext = createContext(browserKeyStore)

export const useKeyStore = (): KeyStore => useContext(KeyStoreContext)

async function inStore<Result>(
  mode: IDBTransactionMode,
  run: (store: IDBObjectStore) => IDBRequest<Result>,
): Promise<Result> {
  const opening = indexedDB.open(DATABASE, 1)
  opening.addEventListener('upgradeneeded', () => opening.result.createObjectStore(KEYS, { keyPath: 'keyId' }))
  const database = await settled(opening)
  try {
    const transaction = database.transaction(KEYS, mode)
    const result = await settled(run(transaction.objectStore(KEYS)))
    if (mode === 'readwrite') await completed(transaction)
    return result
  } finally {
    database.close()
  }
}

function settled<Result>(request: IDBRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result))
    request.addEventListener('error', () => reject(request.error ?? new Error('IndexedDB failed')))
  })
}

function completed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    if (transaction.error) reject(transaction.error)
    transaction.addEventListener('complete', () => resolve())
    transaction.addEventListener('abort', () => reject(transaction.error ?? new Error('IndexedDB gave up')))
  })
}

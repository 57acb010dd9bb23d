import { type Client, cacheExchange, createClient, fetchExchange, mapExchange } from '@urql/core'

/** A client of the API at `url`; `onSignedOut` is called when the API no longer knows the session. */
export function makeClient(url: string, onSignedOut: () => void): Client {
  return createClient({
    url,
    preferGetMethod: false,
    fetchOptions: { credentials: 'same-origin' },
    requestPolicy: 'cache-and-network',
    exchanges: [
      cacheExchange,
      mapExchange({
        onError: ({ graphQLErrors }) => {
          if (graphQLErrors.some(({ extensions }) => extensions['code'] === 'auth.required')) onSignedOut()
        },
      }),
      fetchExchange,
    ],
  })
}

/** A key under which a command may be sent as often as needed and is performed once. */
export function newIdempotencyKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

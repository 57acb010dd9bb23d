import { useQuery } from 'urql'

import type { PersonKey } from './personKey'
import { MyKeysQuery } from './queries'
import { useHeldKeys } from './useHeldKeys'

/**
 * The key with which the person who is signed in can sign here: kept in this browser, registered and endorsed.
 * `pending` while a key is here and the platform has not yet said whether it counts.
 */
export function useSigningKey(): { readonly key: PersonKey | undefined; readonly pending: boolean } {
  const { held } = useHeldKeys()
  const holds = held !== undefined && held.length > 0
  const [{ data, error }] = useQuery({ query: MyKeysQuery, pause: !holds })
  const valid = new Set(data?.myKeys.edges.filter(({ node }) => node.state === 'VALID').map(({ node }) => node.keyId))
  return { key: held?.find(({ keyId }) => valid.has(keyId)), pending: holds && !data && !error }
}

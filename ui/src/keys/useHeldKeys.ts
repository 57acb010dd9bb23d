import { useCallback, useEffect, useState } from 'react'

import { useSession } from '../session/session'
import { useKeyStore } from './keyStore'
import type { PersonKey } from './personKey'

/** The keys of the person who is signed in that this browser keeps; undefined until it has looked. */
export function useHeldKeys(): { readonly held: readonly PersonKey[] | undefined; readonly look: () => void } {
  const store = useKeyStore()
  const { me } = useSession()
  const [held, setHeld] = useState<readonly PersonKey[]>()
  const look = useCallback(() => {
    // A browser that keeps nothing, as in a private window, holds no keys.
    store.ofAccount(me.name).then(setHeld, () => setHeld([]))
  }, [store, me.name])
  useEffect(look, [look])
  return { held, look }
}

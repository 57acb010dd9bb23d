import { createContext, useContext } from 'react'

/** The person who is signed in. */
export interface Me {
  readonly name: string
  readonly roles: readonly string[]
  readonly partyName?: string
}

export interface Session {
  readonly me: Me
  readonly signOut: () => void
}

export const SessionContext = createContext<Session | undefined>(undefined)

export function useSession(): Session {
  const session = useContext(SessionContext)
  if (!session) throw new Error('useSession belongs inside a SessionGate')
  return session
}

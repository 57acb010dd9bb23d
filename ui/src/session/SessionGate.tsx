import { Container } from '@mantine/core'
import { useMemo, type ReactNode } from 'react'
import { useClient, useQuery } from 'urql'

import { Placeholder } from '../app/Loaded'
import { ProblemView } from '../problems/ProblemView'
import { problemOf } from '../problems/problem'
import { LogoutMutation, MeQuery } from './queries'
import { type Session, SessionContext } from './session'
import { SignInPage } from './SignInPage'

/** Shows its children to a person who is signed in, and the sign-in page, at the same address, to anybody else. */
export function SessionGate({ onChange, children }: { onChange: () => void; children: ReactNode }) {
  const client = useClient()
  const [{ data, error }, reload] = useQuery({ query: MeQuery })
  const me = data?.me
  const session = useMemo<Session | undefined>(
    () =>
      me
        ? {
            me: { name: me.name, roles: me.roles, ...(me.party && { partyName: me.party.name }) },
            signOut: () => void client.mutation(LogoutMutation, {}).toPromise().then(onChange),
          }
        : undefined,
    [me, client, onChange],
  )
  if (session) return <SessionContext value={session}>{children}</SessionContext>
  if (me === null) return <SignInPage onSignedIn={onChange} />
  return (
    <Container component="main" size="xs" py="xl">
      {error ? <ProblemView problem={problemOf(error)} onRetry={reload} /> : <Placeholder />}
    </Container>
  )
}

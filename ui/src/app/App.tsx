import { RouterProvider } from '@tanstack/react-router'
import { useCallback, useState } from 'react'
import { Provider } from 'urql'

import { SessionGate } from '../session/SessionGate'
import { makeClient } from './client'
import { router } from './router'

/** Begins anew with each session, so that nobody is shown what was read for another person. */
export function App() {
  const [session, setSession] = useState(0)
  const renew = useCallback(() => setSession((number) => number + 1), [])
  return <SessionApp key={session} onChange={renew} />
}

function SessionApp({ onChange }: { onChange: () => void }) {
  const [client] = useState(() => makeClient('/graphql', onChange))
  return (
    <Provider value={client}>
      <SessionGate onChange={onChange}>
        <RouterProvider router={router} />
      </SessionGate>
    </Provider>
  )
}

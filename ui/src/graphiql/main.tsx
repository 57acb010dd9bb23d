import 'graphiql/setup-workers/vite'
import 'graphiql/style.css'
import './graphiql.css'

import { GraphiQL } from 'graphiql'
import { createRoot } from 'react-dom/client'

const DEFAULT_QUERY = `# Cases, latest first. The session of the application counts here too: sign in there first.
{
  cases(first: 10) {
    edges {
      node { id businessKey product state request { sellerName buyerName face { amount currency } } }
    }
  }
}
`

/** Sends a document to the API that served this page. */
async function fetcher(body: { query: string; operationName?: string | null; variables?: unknown }) {
  const response = await fetch('/graphql', {
    method: 'POST',
    credentials: 'same-origin',
    headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json, application/json' },
    body: JSON.stringify(body),
  })
  return (await response.json()) as object
}

const root = document.getElementById('graphiql')
if (root) createRoot(root).render(<GraphiQL fetcher={fetcher} defaultQuery={DEFAULT_QUERY} />)

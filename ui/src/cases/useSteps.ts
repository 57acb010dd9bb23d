import type { Client, CombinedError } from '@urql/core'
import { useEffect, useState } from 'react'
import { useClient } from 'urql'

import type { CaseStepsQuery as CaseStepsData } from '../gql/graphql'
import { CaseStepsQuery } from './queries'
import type { StepEvent } from './steps'

export interface Steps {
  readonly data?: readonly StepEvent[] | undefined
  readonly error?: CombinedError | undefined
}

/** All step events of a case, page by page; read again whenever `revision` changes. */
export function useSteps(caseId: string, revision: string | undefined): Steps {
  const client = useClient()
  const [steps, setSteps] = useState<Steps>({})

  useEffect(() => {
    if (revision === undefined) return undefined
    let current = true
    const read = async () => {
      const events: StepEvent[] = []
      let after: string | null = null
      do {
        const { steps: page, error } = await readPage(client, caseId, after)
        if (!current) return
        if (error) {
          setSteps((known) => ({ ...known, error }))
          return
        }
        events.push(...(page?.edges.map(({ node }) => node) ?? []))
        after = page?.pageInfo.hasNextPage ? (page.pageInfo.endCursor ?? null) : null
      } while (after !== null)
      setSteps({ data: events })
    }
    void read()
    return () => {
      current = false
    }
  }, [client, caseId, revision])

  return steps
}

interface Page {
  readonly steps?: NonNullable<CaseStepsData['case']>['steps'] | undefined
  readonly error?: CombinedError | undefined
}

async function readPage(client: Client, id: string, after: string | null): Promise<Page> {
  const { data, error } = await client
    .query(CaseStepsQuery, { id, after }, { requestPolicy: 'network-only' })
    .toPromise()
  return { steps: data?.case?.steps, error }
}

import { CombinedError } from '@urql/core'
import { GraphQLError } from 'graphql'
import { describe, expect, it } from 'vitest'

import { problemOf } from './problem'

describe('a problem', () => {
  it('carries code, place and hint of a typed error', () => {
    const extensions = { code: 'task.claimed', where: 'task 7', hint: 'Ask ann to release it.' }
    const error = new CombinedError({ graphQLErrors: [new GraphQLError('The task is claimed.', { extensions })] })
    expect(problemOf(error)).toEqual({ message: 'The task is claimed.', ...extensions })
  })

  it('has a code even when the server gave none', () => {
    const error = new CombinedError({ graphQLErrors: ['Cannot query field "x" on type "Query".'] })
    expect(problemOf(error)).toEqual({ code: 'graphql.error', message: 'Cannot query field "x" on type "Query".' })
  })

  it('says that the platform did not answer when the transport failed', () => {
    expect(problemOf(new CombinedError({ networkError: new Error('fetch failed') })).code).toBe('network.unreachable')
  })

  it('names the HTTP status of an answer that is no GraphQL', () => {
    const response = new Response('busy', { status: 503 })
    const problem = problemOf(new CombinedError({ networkError: new Error('busy'), response }))
    expect(problem).toMatchObject({ code: 'http.503', hint: expect.stringContaining('wait') as string })
  })
})

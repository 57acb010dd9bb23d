import type { CombinedError } from '@urql/core'

/** What went wrong, in the platform's own terms: a stable code, what happened, where, and what to do. */
export interface Problem {
  readonly code: string
  readonly message: string
  readonly where?: string
  readonly hint?: string
}

const UNREACHABLE: Problem = {
  code: 'network.unreachable',
  message: 'The platform did not answer.',
  hint: 'Check that it is running (`scf up`) and that this page came from its address, then try again.',
}

/** The first error of a GraphQL answer as a problem; a failed transport is a problem too. */
export function problemOf(error: CombinedError): Problem {
  const [first] = error.graphQLErrors
  if (first === undefined) {
    const status = (error.response as Response | undefined)?.status
    return status === undefined || status < 400
      ? UNREACHABLE
      : { code: `http.${status}`, message: `The platform answered with HTTP status ${status}.`, hint: HTTP_HINTS[status] ?? 'Try again; if it stays, look into the log of the API.' }
  }
  const { code, where, hint } = first.extensions
  return {
    code: typeof code === 'string' ? code : 'graphql.error',
    message: first.message,
    ...(typeof where === 'string' && where !== '' && { where }),
    ...(typeof hint === 'string' && hint !== '' && { hint }),
  }
}

const HTTP_HINTS: Readonly<Record<number, string>> = {
  401: 'Sign in again.',
  429: 'Too many requests: wait a moment, then try again.',
  503: 'The platform is busy: wait a moment, then try again.',
}

interface UserError {
  readonly code: string
  readonly field?: string | null | undefined
  readonly message: string
  readonly hint?: string | null | undefined
}

/** The first reason why a command was refused; a refusal without one is a fault of the platform, and told as such. */
export function refusalOf(errors: readonly UserError[] | undefined): Problem {
  const [first] = errors ?? []
  if (first === undefined) {
    return { code: 'graphql.error', message: 'The platform answered without a result.', hint: 'Try again.' }
  }
  const { code, field, message, hint } = first
  return { code, message, ...(field && { where: field }), ...(hint && { hint }) }
}

import type { Money } from '../money/money'
import type { LimitRaise } from '../scores/RaiseList'

/** A score as the case shows it. */
export interface Score {
  readonly id: string
  readonly points: number
  readonly pd: string
  readonly grade: string
  readonly synthetic: boolean
  readonly reasons: readonly { readonly feature: string; readonly bin: string; readonly points: number; readonly message: string }[]
}

export interface Limit {
  readonly id: string
  readonly scope: string
  readonly partyName?: string | null | undefined
  readonly state: string
  readonly bindingCap?: string | null | undefined
  readonly reviewOn?: string | null | undefined
  readonly onHoldSince?: string | null | undefined
  readonly needsSecondPerson: boolean
  readonly raises?: readonly LimitRaise[] | null | undefined
  readonly amount: Money
  readonly reserved: Money
  readonly utilised: Money
  readonly headroom: Money
}

interface PartyData {
  readonly name: string
  readonly identifier: string
  readonly country?: string | null | undefined
  readonly sector?: string | null | undefined
  readonly scoreRuns: { readonly edges: readonly { readonly node: Score }[] }
}

export interface CaseParty {
  readonly role: 'Seller' | 'Buyer'
  readonly name: string
  readonly identifier?: string
  readonly place: string
  readonly score?: Score
  readonly limits: readonly Limit[]
}

interface RequestData {
  readonly sellerName: string
  readonly buyerName: string
  readonly invoices: readonly { readonly seller?: PartyData | null | undefined; readonly buyer?: PartyData | null | undefined }[]
}

/** Seller and buyer of a request, with what the reader may see of their scores and limits. */
export function partiesOf(request: RequestData, limits: readonly Limit[]): readonly CaseParty[] {
  const [invoice] = request.invoices
  return [
    party('Seller', request.sellerName, invoice?.seller, limits),
    party('Buyer', request.buyerName, invoice?.buyer, limits),
  ]
}

/** The limits for seller and buyer together. */
export const pairLimits = (request: RequestData, limits: readonly Limit[]): readonly Limit[] =>
  limits.filter(({ scope, partyName }) => scope === 'PAIR' && partyName === `${request.sellerName} / ${request.buyerName}`)

function party(
  role: CaseParty['role'],
  name: string,
  data: PartyData | null | undefined,
  limits: readonly Limit[],
): CaseParty {
  const score = data?.scoreRuns.edges[0]?.node
  return {
    role,
    name,
    ...(data && { identifier: data.identifier }),
    place: [data?.sector, data?.country].filter(Boolean).join(', '),
    ...(score && { score }),
    limits: limits.filter(({ scope, partyName }) => scope === role.toUpperCase() && partyName === name),
  }
}

import { graphql } from '../gql'

export const LedgerEntryQuery = graphql(`
  query LedgerEntry($entryId: ID!) {
    ledgerEntry(entryId: $entryId) {
      id
      entryId
      index
      stream
      seq
      kind
      actor
      occurredAt
      state
      bodyHash
      leafHash
      chain
      keyId
      keyHolder {
        heldBy
        account
        keyId
        told
      }
    }
  }
`)

export const ProofQuery = graphql(`
  query Proof($entryId: ID!) {
    proof(entryId: $entryId) {
      entryId
      fileName
      text
    }
  }
`)

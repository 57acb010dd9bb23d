import { graphql } from '../gql'

export const ScoreQuery = graphql(`
  query Score($id: ID!) {
    node(id: $id) {
      id
      ... on ScoreRun {
        points
        pd
        grade
        synthetic
        at
        inputsHash
        cardId
        party {
          id
          name
          identifier
        }
        entry {
          id
          entryId
          index
        }
        reasons {
          feature
          bin
          points
          lost
          message
        }
        lineage {
          canonicalInputs
          figures {
            name
            value
            source
            observedOn
            field
            document {
              id
              filename
              contentHash
            }
          }
        }
      }
    }
  }
`)

export const WhatIfQuery = graphql(`
  query WhatIf($input: WhatIfInput!) {
    whatIf(input: $input) {
      points
      pd
      grade
      reasons {
        feature
        bin
        points
        lost
        message
      }
      figures {
        name
        value
      }
      limits {
        scope
        bindingCap
        reviewOn
        needsSecondPerson
        amount {
          amount
          currency
        }
        present {
          id
          state
          partyName
          amount {
            amount
            currency
          }
        }
        raises {
          input
          now
          needed
          bindingCap
          amount {
            amount
            currency
          }
        }
      }
    }
  }
`)

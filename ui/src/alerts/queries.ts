import { graphql } from '../gql'

export const AlertsQuery = graphql(`
  query Alerts($state: AlertState, $after: String) {
    alerts(state: $state, first: 25, after: $after) {
      edges {
        node {
          id
          rule
          measure
          message
          raisedAt
          state
          note
          judgedBy
          judgedAt
          party {
            id
            name
          }
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`)

export const MisjudgementsQuery = graphql(`
  query Misjudgements($since: DateTime!) {
    misjudgements(since: $since) {
      rule
      raised
      judged
      false
      rate
      low
      high
    }
  }
`)

export const JudgeAlertMutation = graphql(`
  mutation JudgeAlert($input: JudgeAlertInput!) {
    judgeAlert(input: $input) {
      command {
        id
        state
      }
      userErrors {
        code
        field
        message
        hint
      }
      alert {
        id
        state
        note
        judgedBy
        judgedAt
      }
    }
  }
`)

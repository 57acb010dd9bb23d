import { graphql } from '../gql'

export const OrdersQuery = graphql(`
  query Orders($after: String) {
    orders(first: 25, after: $after) {
      edges {
        node {
          id
          number
          sellerName
          buyerName
          issueDate
          state
          total {
            amount
            currency
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

export const InvoicesQuery = graphql(`
  query Invoices($matchDecision: String, $after: String) {
    invoices(matchDecision: $matchDecision, first: 25, after: $after) {
      edges {
        node {
          id
          number
          orderNumber
          sellerName
          buyerName
          issueDate
          dueDate
          state
          matchDecision
          total {
            amount
            currency
          }
          eligible {
            amount
            currency
          }
          case {
            id
            businessKey
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

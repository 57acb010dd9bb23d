import { graphql } from '../gql'

export const AssetsQuery = graphql(`
  query Assets($after: String) {
    assets(first: 25, after: $after) {
      edges {
        node {
          id
          invoiceNumber
          state
          dueDate
          purchasedAt
          invoice {
            id
            sellerName
            buyerName
          }
          face {
            amount
            currency
          }
          advance {
            amount
            currency
          }
          reserve {
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

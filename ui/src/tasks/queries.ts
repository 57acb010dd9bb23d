import { graphql } from '../gql'

export const TasksQuery = graphql(`
  query Tasks($state: String, $mine: Boolean!, $after: String) {
    tasks(state: $state, mine: $mine, first: 25, after: $after) {
      edges {
        node {
          id
          name
          state
          candidateGroups
          assignee
          due
          createdAt
          case {
            id
            businessKey
            businessNow
            request {
              id
              sellerName
              buyerName
            }
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

export const TaskQuery = graphql(`
  query Task($id: ID!) {
    task(id: $id) {
      id
      element
      name
      state
      candidateGroups
      assignee
      due
      createdAt
      completedAt
      completedBy
      form
      variables
      requiresSignature
      case {
        id
        businessKey
        businessNow
        request {
          id
          sellerName
          buyerName
          face {
            amount
            currency
          }
        }
      }
    }
  }
`)

export const ClaimTaskMutation = graphql(`
  mutation ClaimTask($input: ClaimTaskInput!) {
    claimTask(input: $input) {
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
      task {
        id
        state
        assignee
      }
    }
  }
`)

export const CompleteTaskMutation = graphql(`
  mutation CompleteTask($input: CompleteTaskInput!) {
    completeTask(input: $input) {
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
      task {
        id
        state
        completedBy
        completedAt
      }
    }
  }
`)

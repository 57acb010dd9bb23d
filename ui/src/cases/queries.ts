import { graphql } from '../gql'

export const CasesQuery = graphql(`
  query Cases($state: String, $after: String) {
    cases(state: $state, first: 25, after: $after) {
      edges {
        node {
          id
          businessKey
          product
          state
          startedAt
          endedAt
          businessNow
          incidentCount
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
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`)

export const CaseQuery = graphql(`
  query Case($id: ID!) {
    case(id: $id) {
      id
      businessKey
      product
      state
      modelHash
      stateRoot
      startedAt
      endedAt
      businessNow
      activeElements
      definition {
        id
        key
        version
        name
      }
      request {
        id
        sellerName
        buyerName
        state
        requestedAt
        face {
          amount
          currency
        }
        invoices {
          id
          number
          orderNumber
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
          exceptions {
            code
            line
            message
            ordered
            despatched
            received
            invoiced
            orderPrice
            invoicePrice
          }
          seller {
            ...CaseParty
          }
          buyer {
            ...CaseParty
          }
        }
      }
      tasks(first: 100) {
        edges {
          node {
            id
            element
            name
            state
            assignee
            candidateGroups
            due
            completedBy
            completedAt
          }
        }
      }
      incidents(first: 100) {
        edges {
          node {
            id
            element
            code
            message
            state
            raisedAt
          }
        }
      }
      journals(first: 100) {
        edges {
          node {
            id
            event
            bookedAt
            entryId
            postings {
              account
              name
              side
              amount {
                amount
                currency
              }
            }
          }
        }
      }
      assets(first: 100) {
        edges {
          node {
            id
            invoiceNumber
            state
            dueDate
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
            discount {
              amount
              currency
            }
            fee {
              amount
              currency
            }
          }
        }
      }
    }
    limits(first: 100) {
      edges {
        node {
          id
          scope
          partyName
          state
          bindingCap
          reviewOn
          onHoldSince
          needsSecondPerson
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
          amount {
            amount
            currency
          }
          reserved {
            amount
            currency
          }
          utilised {
            amount
            currency
          }
          headroom {
            amount
            currency
          }
        }
      }
    }
  }

  fragment CaseParty on Party {
    id
    name
    identifier
    country
    sector
    scoreRuns(first: 1) {
      edges {
        node {
          id
          points
          pd
          grade
          synthetic
          at
          reasons {
            feature
            bin
            points
            message
          }
        }
      }
    }
  }
`)

/** The model's XML is large and never changes: it is read apart from what is asked again while the case runs. */
export const CaseModelQuery = graphql(`
  query CaseModel($id: ID!) {
    case(id: $id) {
      id
      definition {
        id
        bpmnXml
      }
    }
  }
`)

export const CaseStepsQuery = graphql(`
  query CaseSteps($id: ID!, $after: String) {
    case(id: $id) {
      id
      steps(first: 100, after: $after) {
        edges {
          node {
            seq
            element
            elementName
            elementType
            kind
            actor
            at
            entry {
              id
              entryId
              index
              state
            }
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`)

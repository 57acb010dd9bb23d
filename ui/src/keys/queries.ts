import { graphql } from '../gql'

export const MyKeysQuery = graphql(`
  query MyKeys {
    myKeys(first: 100) {
      edges {
        node {
          keyId
          holder
          protection
          state
          registeredAt
          endorsedBy
          validAt
          revokedAt
          revokedFor
        }
      }
    }
  }
`)

export const KeysToEndorseQuery = graphql(`
  query KeysToEndorse {
    keys(state: REGISTERED, first: 100) {
      edges {
        node {
          keyId
          holder
          protection
          registeredAt
        }
      }
    }
  }
`)

export const RegistrationForMutation = graphql(`
  mutation RegistrationFor($input: RegistrationForInput!) {
    registrationFor(input: $input) {
      toSign {
        domain
        text
      }
      userErrors {
        code
        field
        message
        hint
      }
    }
  }
`)

export const StatementForMutation = graphql(`
  mutation StatementFor($input: StatementForInput!) {
    statementFor(input: $input) {
      toSign {
        domain
        text
      }
      userErrors {
        code
        field
        message
        hint
      }
    }
  }
`)

export const RegisterKeyMutation = graphql(`
  mutation RegisterKey($input: RegisterKeyInput!) {
    registerKey(input: $input) {
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
      key {
        keyId
        state
      }
    }
  }
`)

export const EndorseKeyMutation = graphql(`
  mutation EndorseKey($input: EndorseKeyInput!) {
    endorseKey(input: $input) {
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
      key {
        keyId
        state
      }
    }
  }
`)

export const RevokeKeyMutation = graphql(`
  mutation RevokeKey($input: RevokeKeyInput!) {
    revokeKey(input: $input) {
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
      key {
        keyId
        state
      }
    }
  }
`)

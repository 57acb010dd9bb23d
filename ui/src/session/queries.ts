import { graphql } from '../gql'

export const MeQuery = graphql(`
  query Me {
    me {
      name
      roles
      party {
        id
        name
      }
    }
  }
`)

export const LoginMutation = graphql(`
  mutation Login($input: LoginInput!) {
    login(input: $input) {
      me {
        name
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

export const LogoutMutation = graphql(`
  mutation Logout {
    logout {
      userErrors {
        code
      }
    }
  }
`)

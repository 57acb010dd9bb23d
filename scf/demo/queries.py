"""What the demo asks of the API."""

from __future__ import annotations

IMPORT_DOCUMENT = """
mutation Import($input: ImportDocumentInput!) {
  importDocument(input: $input) {
    command { id state }
    userErrors { code field message hint }
    document {
      id kind state filename number
      findings { code message where hint }
      refersTo { filename }
      invoice { ...invoice }
    }
  }
}
fragment invoice on Invoice {
  id number issueDate dueDate total { amount currency }
  sellerName buyerName seller { id identifier } buyer { id identifier }
}
"""

SUBMIT_REQUEST = """
mutation Submit($input: SubmitFinancingRequestInput!) {
  submitFinancingRequest(input: $input) {
    command { id state }
    userErrors { code field message hint }
    request { id }
    case { id }
  }
}
"""

CLAIM_TASK = """
mutation Claim($input: ClaimTaskInput!) {
  claimTask(input: $input) { command { id state } userErrors { code field message hint } }
}
"""

COMPLETE_TASK = """
mutation Complete($input: CompleteTaskInput!) {
  completeTask(input: $input) { command { id state } userErrors { code field message hint } }
}
"""

RECORD_PAYMENT = """
mutation Pay($input: RecordPaymentInput!) {
  recordPayment(input: $input) { command { id state } userErrors { code field message hint } }
}
"""

CASE = """
query Case($id: ID!) {
  case(id: $id) {
    id businessKey product state activeElements incidentCount businessNow
    tasks(first: 100) { edges { node { id element name state candidateGroups variables } } }
    incidents(first: 10) { edges { node { element code message } } }
    paymentOrders(first: 100) { edges { node { id reference state amount { amount currency } payeeName } } }
    assets(first: 100) { edges { node {
      id invoiceNumber state dueDate
      face { amount currency } advance { amount currency } reserve { amount currency }
      discount { amount currency } fee { amount currency }
    } } }
  }
}
"""

REPORT = """
query Report($id: ID!) {
  case(id: $id) {
    id businessKey product state businessNow modelHash
    request {
      sellerName buyerName face { amount currency }
      invoices {
        number state matchDecision total { amount currency } eligible { amount currency }
        exceptions {
          code line message ordered despatched received invoiced orderPrice invoicePrice
        }
      }
    }
    journals(first: 100) { edges { node {
      event bookedAt entryId postings { account name side amount { amount currency } }
    } } }
    assets(first: 100) { edges { node {
      invoiceNumber state dueDate face { amount currency } advance { amount currency }
      reserve { amount currency } discount { amount currency } fee { amount currency }
    } } }
    tasks(first: 100) { edges { node { element name state completedBy } } }
  }
}
"""

STEPS = """
query Steps($id: ID!, $after: String) {
  case(id: $id) {
    steps(first: 100, after: $after) {
      pageInfo { hasNextPage endCursor }
      edges { node {
        seq element elementName elementType kind actor at entry { entryId index bodyHash state }
      } }
    }
  }
}
"""

ENTRIES = """
query Entries($after: String) {
  ledgerEntries(first: 100, after: $after) {
    pageInfo { hasNextPage endCursor }
    edges { node { entryId index } }
  }
}
"""

PENDING_ENTRIES = """
query Pending { ledgerEntries(first: 1, state: PENDING) { edges { node { entryId } } } }
"""

LIMITS = """
query Limits {
  limits(first: 100) { edges { node {
    scope partyName state bindingCap amount { amount currency } headroom { amount currency }
    scoreRun { points pd grade synthetic reasons { feature points message } }
  } } }
}
"""

PROOF = """
query Proof($entryId: ID!) { proof(entryId: $entryId) { fileName text } }
"""

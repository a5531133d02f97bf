import { createHash } from 'node:crypto';
import { expect, test } from '@jest/globals';
import * as z from 'zod';
import { type Kind, RECORDS } from '../../lambdas/domain/model/table/records.ts';

/**
 * Records outlive the code that stored them. These are the fingerprints of the schemas with which records are parsed
 * when they are read. A failing line means that records written by earlier versions may not be readable any more.
 *
 * To change a stored schema: make sure that stored records still fit (a new field is optional or has a default, a
 * removed field is ignored), or rewrite the stored records first. Then put the new fingerprint here, in the same commit
 * as the schema.
 */
const FINGERPRINTS: Readonly<Record<Kind, string>> = {
  application: 'e33dc2e93bff939a',
  environment: '0143455669c825bb',
  approver: '9e89f18ebe947b74',
  applicationReads: '8ec8e0147f8e81d2',
  releaseLog: '1a2a6971203a3d2b',
  release: '276578c534ef896b',
  pushMark: 'cf4f40609e164fee',
  passage: '0d21870dfd43376d',
  environmentState: '9c50b71caa9c1ef9',
  outcome: '630f038c367c3c09',
  outputs: '12f5879648dba486',
  delivery: '8b83a12181ec22f7',
  environmentDns: '2cbfdd794265a82f',
  environmentEvent: '10cdfa00fea11f08',
  protectionLifts: '0fd6a10b625782fe',
  proofLifts: 'b153d55dc46cbcef',
  ledgerPage: 'b8d7c49a40386fd4',
  composition: 'a38eea4d15afb0f3',
  stateAddress: 'f9f4d2970c19b172',
  deployment: '2ba83821abff15d0',
  configuration: 'e2e1a5e30fab04e1',
  plannedChanges: '49815c17b6d3d425',
  keptTrees: '54a51fcf000040b1',
  appliedChanges: 'c0811578831a0038',
  firstApply: '09a675a3e41c0a36',
  buildTicket: '19bd79be6f4fcd9e',
  credentialsRefusal: 'e63b943adb70abe1',
  gate: 'c0dba6c58bfa40a5',
  taskToken: 'abbe0806236a5a47',
  deploymentEvent: 'e3ad3071c8a54390',
  stateClaim: 'b9608314ef504280',
  hostnameClaim: '0343f9c00ca5c26f',
  externalId: 'a3a8da69b184548e',
  ephemeralRegister: '4fbfa770015636b9',
  repositoryNews: 'c1a0440b815e35cf',
  refusedPush: '9f88225bebe683bc',
  branchHead: 'd8faf06f2ac87266',
  consumedPlan: 'd4f4ad192cfe2585',
  promotion: '5475e8f4e8acee69',
  webhookDelivery: '1a6293963766a8eb',
  linkState: '2057e18374879916',
  refusalMark: 'e63b943adb70abe1',
  owedPromotion: 'de725d20a60ed7a0',
  keptRequest: '96a71866f39e3010',
  unreadableRecord: '67ff1feb12baba56',
  subscriptionSweep: '9d6b7c8539392a59',
  auditEntry: '6c33e142b448545c',
  auditHead: 'c4eff73d73c5273c',
};

const fingerprint = (schema: z.ZodType): string =>
  createHash('sha256')
    .update(JSON.stringify(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })))
    .digest('hex')
    .slice(0, 16);

test.each(Object.keys(RECORDS) as Kind[])('a stored %s fits as it was written', (kind) => {
  expect({ [kind]: fingerprint(RECORDS[kind].schema) }).toEqual({ [kind]: FINGERPRINTS[kind] });
});

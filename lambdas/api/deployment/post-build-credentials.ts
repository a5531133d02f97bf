import { redeemTicket } from '../../domain/build/redeem-ticket.ts';
import { CredentialsAnswerSchema, CredentialsRequestSchema } from '../../domain/contract/build-credentials.ts';
import { RefusedError } from '../../domain/errors.ts';
import type { Services } from '../../functions.ts';
import { countCredentialsRefused } from '../../runtime/metrics.ts';
import { answer, operation } from '../../runtime/operation.ts';

export const postBuildCredentials = operation(
  {
    operationId: 'postBuildCredentials',
    tag: 'deployment',
    summary: 'Give a build that presents its ticket the credentials of its environment',
    problems: ['credentials-refused', 'role-not-assumable', 'applies-banned'],
    input: { body: CredentialsRequestSchema },
    answers: { 200: CredentialsAnswerSchema },
    isSecret: true,
  },
  async ({ body }, services: Services<'credentials'>, { identity }) => {
    try {
      return answer(200, await redeemTicket(services, identity, body));
    } catch (error) {
      if (error instanceof RefusedError && error.refusal === 'credentials-refused') countCredentialsRefused();
      throw error;
    }
  },
);

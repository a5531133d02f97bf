import * as z from 'zod';
import {
  CredentialsRequestSchema,
  parseTicket,
  TICKET_VARIABLE,
} from '../../../lambdas/domain/contract/build-credentials.ts';
import { PhaseError, toPhaseError } from '../build/failure.ts';
import type { EnvironmentBuild } from '../build/run-build.ts';
import { CredentialsError } from '../credentials/broker.ts';

/** Variables that CodeBuild gives every build. */
const CodeBuildSchema = z.object({
  CODEBUILD_BUILD_ID: CredentialsRequestSchema.shape.buildId,
  AWS_REGION: z.string().min(1),
});

/**
 * Redeems the build's ticket and keeps the variables with which the engine finds its credentials. A failure belongs to
 * the phase `init`, which is the first to need them.
 */
export async function takeCredentials(build: EnvironmentBuild): Promise<void> {
  const { machine, variables, secrets } = build;
  const { [TICKET_VARIABLE]: ticket, STAGEGATE_API_URL: apiUrl } = variables;
  secrets.push(ticket, parseTicket(ticket).secret);
  const told = CodeBuildSchema.safeParse(machine.environment);
  if (!told.success) throw new PhaseError('init', told.error.issues.map(describe).join('; '));
  const { CODEBUILD_BUILD_ID: buildId, AWS_REGION: region } = told.data;
  try {
    build.engineCredentials = await machine.credentials({
      apiUrl,
      region,
      request: { ticket, buildId },
      keepSecret: (text) => secrets.push(text),
      stop: build.stop,
    });
  } catch (error) {
    build.requireGoingOn();
    if (!(error instanceof CredentialsError)) throw toPhaseError(error, 'init');
    throw new PhaseError('init', error.message, { reason: error.reason });
  }
}

const describe = ({ path, message }: z.core.$ZodIssue): string => `${path.join('.')}: ${message}`;

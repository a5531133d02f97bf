import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import type { ApiRequest, SendRequest } from './api-request.ts';

interface Target {
  readonly application: string;
  readonly environment: string;
  /** Whether a plan with changes may be applied, and the release be promoted, without anybody's approval. */
  readonly mayApply: boolean;
}

/** How long to wait for a deployment, and how to stop waiting. */
export interface Patience {
  readonly seconds: number;
  readonly pollSeconds: number;
  readonly signal: AbortSignal;
  readonly tell: (text: string) => void;
}

/** What became of an environment. `not recorded`: somebody has to look at it. */
export interface Filled {
  readonly outcome: 'recorded' | 'left out' | 'not recorded' | 'interrupted';
  readonly text: string;
}

const EnvironmentSchema = z.object({
  deployed: z.object({ release: z.int().optional() }).nullable(),
  currentDeployment: z.string().nullable(),
  gates: z.array(z.unknown()),
  policy: z.object({ autoPromote: z.boolean() }),
  promotesTo: z.string().nullable(),
});
type Environment = z.infer<typeof EnvironmentSchema>;

const DeploymentSchema = z.object({
  id: z.string(),
  status: z.string(),
  changes: z.union([z.literal('none'), z.object({})]).nullable(),
  endedAt: z.string().optional(),
  error: z.object({ reason: z.string(), message: z.string() }).optional(),
});
type Deployment = z.infer<typeof DeploymentSchema>;

const ProblemSchema = z.object({ detail: z.string() });

/** Failed polls in a row after which the API counts as gone. */
const MOST_FAILED_POLLS = 5;

/**
 * Deploys the deployed release of an environment again, so that its ledger gets entries. A plan with changes is never
 * applied where people would have to approve it: its deployment is canceled.
 */
export async function fillLedger(send: SendRequest, target: Target, patience: Patience): Promise<Filled> {
  const { application, environment } = target;
  const path = `/applications/${encodeURIComponent(application)}/environments/${encodeURIComponent(environment)}`;
  if (patience.signal.aborted) return { outcome: 'interrupted', text: 'not begun' };
  const { status, body } = await send({ method: 'GET', path });
  if (status === 404) return { outcome: 'left out', text: 'left out, it is not defined' };
  const found = read(EnvironmentSchema, { method: 'GET', path }, status, body);
  const release = found.deployed?.release;
  if (release === undefined) return { outcome: 'left out', text: 'left out, nothing is deployed' };
  const risk = riskOf(found);
  if (risk !== undefined && !target.mayApply)
    return { outcome: 'left out', text: `left out, because ${risk}; to deploy anyway, give --apply ${environment}` };
  if (found.currentDeployment !== null)
    return { outcome: 'not recorded', text: `not recorded, it is held by ${found.currentDeployment}; try again later` };
  const request = { method: 'POST', path: `${path}/deployments`, body: { release, operation: 'deploy' } } as const;
  const answer = await send(request);
  if (answer.status === 409 || answer.status === 403) {
    const why = ProblemSchema.safeParse(answer.body).data?.detail ?? JSON.stringify(answer.body);
    return { outcome: 'not recorded', text: `not recorded, release ${release} cannot be deployed again: ${why}` };
  }
  const { id } = read(DeploymentSchema, request, answer.status, answer.body);
  if (answer.status === 200)
    return { outcome: 'not recorded', text: `not recorded, ${id} of somebody else is under way; try again later` };
  patience.tell(`release ${release} is deployed again as ${id}`);
  return follow(send, { path: `${path}/deployments/${encodeURIComponent(id)}`, release, id }, patience);
}

/** Returns what could happen without anybody's approval. */
function riskOf({ gates, policy, promotesTo }: Environment): string | undefined {
  const risks = [
    ...(gates.length === 0 ? ['a plan with changes would be applied there without approval'] : []),
    ...(policy.autoPromote && promotesTo !== null ? [`the release would be promoted to ${promotesTo}`] : []),
  ];
  return risks.length > 0 ? risks.join(' and ') : undefined;
}

interface Followed {
  readonly path: string;
  readonly release: number;
  readonly id: string;
}

/** Follows a deployment to its end, and cancels it if it would change something, takes too long or is not wanted any more. */
async function follow(send: SendRequest, { path, release, id }: Followed, patience: Patience): Promise<Filled> {
  const until = Date.now() + patience.seconds * 1000;
  let isCanceled = false;
  let why: string | undefined;
  for (;;) {
    const deployment = await poll(send, path, patience);
    if (deployment.endedAt !== undefined) return endOf(deployment, release, why);
    const now = reasonToCancel(deployment, patience, until);
    why ??= now;
    if (why !== undefined && !isCanceled) {
      isCanceled = await cancel(send, path);
      if (isCanceled) patience.tell(`${id} is canceled, because ${why}`);
    }
    if (patience.signal.aborted && isCanceled) return { outcome: 'interrupted', text: `${id} was canceled` };
    if (Date.now() >= until + patience.seconds * 1000)
      return { outcome: 'not recorded', text: `not recorded, ${id} is still ${deployment.status}` };
    await pause(patience);
  }
}

function reasonToCancel({ status, changes }: Deployment, { signal }: Patience, until: number): string | undefined {
  if (signal.aborted) return 'the command was interrupted';
  if (status === 'awaiting_approval') return changes === 'none' ? 'it waits for approval' : 'its plan has changes';
  return Date.now() >= until ? 'it takes too long' : undefined;
}

function endOf({ id, status, changes, error }: Deployment, release: number, why: string | undefined): Filled {
  if (status === 'succeeded') {
    const what = changes === 'none' ? 'without changes' : 'with changes, which were applied';
    return { outcome: 'recorded', text: `recorded: release ${release} succeeded ${what} (${id})` };
  }
  if (why === 'the command was interrupted') return { outcome: 'interrupted', text: `${id} is ${status}` };
  const reason = error === undefined ? '' : `: ${error.reason}: ${error.message}`;
  return {
    outcome: 'not recorded',
    text: `not recorded, ${id} is ${status}${why === undefined ? reason : `, because ${why}`}`,
  };
}

/** Asks for a cancellation. Returns false if the deployment cannot be canceled now; then it is asked again. */
async function cancel(send: SendRequest, path: string): Promise<boolean> {
  const answer = await send({ method: 'POST', path: `${path}/cancel` }).catch(() => undefined);
  return answer !== undefined && answer.status < 300;
}

/** Reads a deployment. The API may fail for a moment while a deployment takes many minutes. */
async function poll(send: SendRequest, path: string, patience: Patience): Promise<Deployment> {
  const request = { method: 'GET', path } as const;
  for (let failed = 1; ; failed++) {
    try {
      const { status, body } = await send(request);
      const mayPass = status >= 500 || status === 429;
      if (!mayPass || failed >= MOST_FAILED_POLLS) return read(DeploymentSchema, request, status, body);
    } catch (error) {
      if (failed >= MOST_FAILED_POLLS) throw error;
    }
    await pause(patience);
  }
}

/** Waits, and does not wait any more once the command is interrupted the first time. */
async function pause({ pollSeconds, signal }: Patience): Promise<void> {
  if (signal.aborted) {
    await sleep(pollSeconds * 1000);
    return;
  }
  await sleep(pollSeconds * 1000, undefined, { signal }).catch(() => undefined);
}

function read<S extends z.ZodType>(
  schema: S,
  { method, path }: ApiRequest,
  status: number,
  body: unknown,
): z.output<S> {
  const parsed = schema.safeParse(body);
  if (status >= 300 || !parsed.success)
    throw new Error(`${method} ${path} answered ${status}: ${JSON.stringify(body)}`);
  return parsed.data;
}

import type { Argv } from 'yargs';
import type { GlobalOptions } from '../frame/global-options.ts';
import type { Session } from '../frame/session.ts';
import { CommandError } from '../output/command-error.ts';
import type { Ending } from '../output/exit-codes.ts';
import { plain } from '../output/plain.ts';
import { describePlan, readPlan } from '../plan/plan.ts';
import { type Deployment, findDeployment, readEnvironment } from './deployments.ts';
import { describeEnding, describeNow, isOpen, whatOf } from './describe-deployment.ts';

type GateName = Deployment['gates'][number]['gate'];

export interface DecisionOptions extends GlobalOptions {
  readonly environment: string;
  readonly deployment: string | undefined;
  readonly gate: GateName | undefined;
  readonly digest: string | undefined;
  readonly comment: string | undefined;
}

export const decisionOptions = (yargs: Argv<GlobalOptions>) =>
  yargs
    .positional('environment', { type: 'string', demandOption: true, describe: 'Environment' })
    .option('deployment', { type: 'string', requiresArg: true, describe: 'Id, if it is not the one under way' })
    .option('gate', { choices: ['staff', 'client'] as const, describe: 'Gate, if several are open' })
    .option('digest', { type: 'string', requiresArg: true, describe: 'Decide only if the plan still has this digest' })
    .option('comment', {
      type: 'string',
      requiresArg: true,
      describe: 'What everybody who sees the decision can read',
    });

/**
 * Shows the plan at an open gate, asks, and decides about exactly that plan: the digest of what was shown goes with the
 * decision, and the API refuses it if the plan was made again meanwhile.
 */
export async function decide(session: Session<DecisionOptions>, decision: 'approve' | 'reject'): Promise<Ending> {
  const { api, options, surroundings } = session;
  const app = await session.application();
  const env = options.environment;
  const { stage } = await readEnvironment(api, app, env);
  const found = await findDeployment(api, app, env, options.deployment);
  const gate = openGate(found, options.gate);
  const shown = await readPlan(api, found);
  if (options.digest !== undefined && options.digest !== shown.planDigest)
    throw new CommandError('refused', `the plan has the digest ${shown.planDigest}, and not ${options.digest}`, {
      nextStep: `Read it: \`stagegate plan ${env} --app ${app}\`.`,
    });
  session.note(describePlanOf(found, gate));
  session.noteInColor(describePlan(plain(found), plain(shown), surroundings.terminal));
  const word = decision === 'approve' ? 'Approve' : 'Reject';
  // A person always reads before deciding; a script says with --yes that somebody has, where it matters.
  if (surroundings.terminal) await session.confirm(`${word} this for ${gate} in ${env} of ${app}?`);
  else await session.confirmIn(stage, `${word} this for ${gate} in ${env} of ${app}?`);
  const comment = options.comment === undefined ? {} : { comment: options.comment };
  const decided = await api.body(
    api.http.POST('/applications/{app}/environments/{env}/deployments/{id}/gates/{gate}/decisions', {
      params: { path: { app, env, id: found.id, gate } },
      body: { decision, planDigest: shown.planDigest, ...comment },
    }),
  );
  session.report(decided, (deployment) => {
    const now = isOpen(deployment) ? describeNow(deployment) : describeEnding(deployment);
    return `${decision === 'approve' ? 'Approved' : 'Rejected'} for ${gate}. ${env}: ${now}`;
  });
  return 'ok';
}

const describePlanOf = (deployment: Deployment, gate: GateName): string =>
  `${whatOf(deployment)} in ${deployment.environment}, gate ${gate}, asked for by ${deployment.requestedBy.approver ?? deployment.requestedBy.principal}`;

function openGate(deployment: Deployment, wanted: GateName | undefined): GateName {
  const open = deployment.gates.filter(({ status }) => status === 'open').map(({ gate }) => gate);
  const [first, second] = open;
  if (wanted !== undefined && open.includes(wanted)) return wanted;
  if (first === undefined || wanted !== undefined)
    throw new CommandError(
      'refused',
      `${wanted === undefined ? 'no gate' : `the gate ${wanted}`} of ${deployment.environment} is open: ${isOpen(deployment) ? describeNow(deployment) : describeEnding(deployment)}`,
      { nextStep: '`stagegate status` shows what waits for whom.' },
    );
  if (second !== undefined)
    throw new CommandError('usage', `several gates are open: ${open.join(', ')}`, {
      nextStep: `Say which with --gate ${first} or --gate ${second}.`,
    });
  return first;
}

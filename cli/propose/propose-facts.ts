import type { Api, Schemas } from '../client/api-client.ts';
import type { Session } from '../frame/session.ts';
import { askGit } from '../git/run-git.ts';
import { CommandError } from '../output/command-error.ts';
import type { RanModule } from './proposal.ts';
import type { ProposeInput } from './propose.ts';

type Facts = Omit<ProposeInput, 'from' | 'isWritten'>;

/** Reads what the API and the working copy say for a proposal. Throws CommandError. */
export async function readProposeFacts(session: Session, from: string, to: string): Promise<Facts> {
  const { api, surroundings } = session;
  const root = await askGit(['rev-parse', '--show-toplevel'], { cwd: surroundings.directory });
  if (root === undefined)
    throw new CommandError('usage', `${surroundings.directory} is in no working copy of a git repository`, {
      nextStep: 'Give the command in a clone of the config repository.',
    });
  const app = await session.application();
  const read = (env: string) =>
    api.body(api.http.GET('/applications/{app}/environments/{env}', { params: { path: { app, env } } }));
  const [{ engine, configRepository }, source, target] = await Promise.all([
    api.body(api.http.GET('/applications/{app}', { params: { path: { app } } })),
    read(from),
    read(to),
  ]);
  const ran = await modulesOf(api, source);
  if (!ran)
    throw new CommandError('refused', `nothing has run in ${from} yet, so there is nothing to go by`, {
      nextStep: `Deploy a release to ${from} first; \`stagegate status\` shows what is deployed.`,
    });
  const origin = await askGit(['remote', 'get-url', 'origin'], { cwd: root });
  return {
    root,
    directory: target.directory,
    engine: engine === 'opentofu' ? 'tofu' : 'terraform',
    ran,
    running: await modulesOf(api, target),
    addresses: [configRepository.url, ...(origin === undefined ? [] : [origin])],
  };
}

/** Returns the modules that run in an environment: with their contents while the plan that brought them is kept. */
async function modulesOf(
  api: Api,
  { application: app, name: env, deployed }: Schemas['Environment'],
): Promise<readonly RanModule[] | undefined> {
  if (deployed === null) return undefined;
  const path = { app, env, id: deployed.deploymentId };
  const plan = api.http.GET('/applications/{app}/environments/{env}/deployments/{id}/plan', { params: { path } });
  const { modules } = await api.body(plan).catch((error: unknown) => {
    if (error instanceof CommandError && error.ending === 'not-found') return deployed;
    throw error;
  });
  return modules;
}

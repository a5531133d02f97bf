import type * as z from 'zod';
import type { ApplicationSettingsSchema } from '../../lambdas/domain/model/application.ts';
import type { EnvironmentSettingsSchema } from '../../lambdas/domain/model/environment.ts';
import { repositoryPlace } from '../../lambdas/domain/model/repository.ts';
import { CommandError } from '../output/command-error.ts';
import { type AccountHints, accountHintsIn } from './account-hints.ts';
import { byPipeline, type EnvironmentDirectory } from './environment-directories.ts';
import type { LocalExample } from './local-example.ts';
import type { WorkingRepository } from './repository.ts';
import { AccountSchema, type Approver, RegionValueSchema, StageValueSchema, valueFor, type Wishes } from './wishes.ts';

/** An application as it is to be registered: the bodies of the requests. */
export interface Registration {
  readonly application: string;
  readonly settings: Settings;
  readonly environments: readonly { readonly name: string; readonly settings: Place }[];
  readonly approvers: readonly Approver[];
}

type Settings = Pick<
  z.input<typeof ApplicationSettingsSchema>,
  'client' | 'configRepository' | 'engine' | 'safeguards'
> & {
  readonly pipeline: string[];
};
type Place = Pick<z.input<typeof EnvironmentSettingsSchema>, 'stage' | 'accountId' | 'region'>;

interface Facts {
  readonly application: string;
  readonly repository: WorkingRepository;
  readonly directories: readonly EnvironmentDirectory[];
  readonly wishes: Wishes;
  /** What the local cloud offers; undefined on AWS. */
  readonly example: LocalExample | undefined;
  /** Asks on the terminal; undefined without one. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
}

/**
 * Puts together how an application is to be registered: options count first, then what the files and the repository say,
 * then what a local cloud offers, then the answers of a person. Throws CommandError if something is not known.
 */
export async function planRegistration(facts: Facts): Promise<Registration> {
  const { application, directories, wishes, example } = facts;
  requireKnown(wishes, directories);
  const engine =
    wishes.engine ??
    (directories.some(({ isOfTofu }) => isOfTofu) ? 'opentofu' : example?.application.engine) ??
    'terraform';
  const environments: { name: string; settings: Place }[] = [];
  for (const directory of directories)
    environments.push({ name: directory.name, settings: await settingsOf(directory, engine, facts) });
  const configRepository = repositoryOf(facts);
  const ordered = environments
    .map(({ name, settings }) => ({ name, stage: settings.stage }))
    .sort(byPipeline)
    .map(({ name }) => name);
  const safeguards = example?.application.safeguards;
  return {
    application,
    settings: {
      client: wishes.client ?? example?.application.client ?? (await clientOf(configRepository.url, facts)),
      configRepository,
      engine,
      pipeline: ordered,
      ...(safeguards && { safeguards }),
    },
    environments: ordered.flatMap((name) => environments.find((each) => each.name === name) ?? []),
    approvers: approversOf(wishes, example),
  };
}

/** Throws CommandError if an option names an environment that has no directory: it is mistyped. */
function requireKnown({ stages, accounts, regions }: Wishes, directories: readonly EnvironmentDirectory[]): void {
  const known = directories.map(({ name }) => name);
  for (const [option, { named }] of Object.entries({ stage: stages, account: accounts, 'account-region': regions }))
    for (const name of named.keys())
      if (!known.includes(name))
        throw new CommandError('usage', `--${option} names ${JSON.stringify(name)}, and there are ${known.join(', ')}`);
}

async function settingsOf(
  { name, directory, stage: shown }: EnvironmentDirectory,
  engine: 'terraform' | 'opentofu',
  { repository, wishes, example, ask }: Facts,
): Promise<Place> {
  const stage =
    valueFor(wishes.stages, name) ??
    shown ??
    (await answered(ask, `Stage of ${name} (development, staging, production)?`, StageValueSchema)) ??
    missing(`the stage of ${name} is not known`, `Give --stage ${name}=staging, for example.`);
  const offered =
    example?.environments[name] ?? Object.values(example?.environments ?? {}).find((each) => each.stage === stage);
  const hints: AccountHints = accountHintsIn(repository.root, directory, engine === 'opentofu' ? 'tofu' : 'terraform');
  const accountId =
    valueFor(wishes.accounts, name) ??
    hints.accountId ??
    offered?.accountId ??
    (await answered(ask, `AWS account id of ${name}?`, AccountSchema)) ??
    missing(`the account of ${name} is not known`, `Give --account ${name}=111111111111, with the account's id.`);
  const region =
    valueFor(wishes.regions, name) ??
    hints.region ??
    offered?.region ??
    (await answered(ask, `Region of ${name}?`, RegionValueSchema)) ??
    missing(`the region of ${name} is not known`, `Give --account-region ${name}=eu-west-1, or one region for all.`);
  return { stage, accountId, region };
}

function missing(what: string, nextStep: string): never {
  throw new CommandError('usage', `${what}. Nothing was registered.`, { nextStep });
}

interface Parser<Value> {
  safeParse(text: string): { readonly data?: Value | undefined };
}

/** Asks until the answer is one. An empty answer gives up. */
async function answered<Value>(ask: Facts['ask'], question: string, schema: Parser<Value>): Promise<Value | undefined> {
  if (!ask) return undefined;
  for (;;) {
    const text = (await ask(`${question} `)).trim();
    if (text === '') return undefined;
    const { data } = schema.safeParse(text);
    if (data !== undefined) return data;
  }
}

function repositoryOf({ repository, wishes, example }: Facts): Settings['configRepository'] {
  const offered = example?.application.configRepository;
  const url = wishes.url ?? repository.url ?? offered?.url;
  if (url === undefined)
    missing(
      'the address of the config repository is not known: origin is not an https or ssh address',
      'Give --url https://github.com/acme/acme-config.git, the address that builds fetch from.',
    );
  const branch = wishes.branch ?? repository.branch ?? 'main';
  const isOffered = url === offered?.url;
  const provider = wishes.provider ?? (isOffered ? offered.provider : undefined);
  const { connectionArn } = wishes;
  return { url, branch, ...(provider && { provider }), ...(connectionArn && { connectionArn }) };
}

/** The client is usually who owns the repository. */
async function clientOf(url: string, { ask }: Facts): Promise<string> {
  const path = repositoryPlace(url)?.path ?? [];
  const owner = path.length > 1 ? path[0] : undefined;
  const answer = await ask?.(`Name of the client${owner === undefined ? '' : ` [${owner}]`}? `);
  return (
    answer?.trim() || owner || missing('the name of the client is not known', 'Give --client-name acme, for example.')
  );
}

/** The approvers of the options; in a local cloud without any, those that it offers. */
function approversOf({ approvers }: Wishes, example: LocalExample | undefined): readonly Approver[] {
  if (approvers.length > 0 || !example) return approvers;
  return Object.entries(example.approvers).map(([email, settings]) => ({ email, ...settings }));
}

import { basename, relative } from 'node:path';
import { BackendConfigFileSchema } from '../../../lambdas/domain/contract/backend-settings.ts';
import { PhaseError } from '../build/failure.ts';
import { quotePath } from '../engine/plan-file/strict-text.ts';
import type { BackendConfigFile } from './config-file.ts';
import type { BackendSetting, DeclaredBackend } from './declared-backend.ts';
import { effectiveSettings } from './effective-settings.ts';
import { findStateHints, type StateHint } from './state-hints.ts';

interface Subject {
  /** Path of the repository's copy. */
  readonly root: string;
  /** Path of the environment's directory in it. */
  readonly name: string;
  readonly environment: string;
  readonly declared: DeclaredBackend | undefined;
  readonly file: BackendConfigFile | undefined;
  /** Where the state would be kept, as far as directory and file leave it open. */
  readonly convention: { readonly bucket: string; readonly key: string };
}

/**
 * Refuses to begin with an empty state where a file says that there is a state elsewhere: everything that exists would
 * be created once more. A backend that names bucket and key is not asked for anything else.
 */
export async function refuseStateElsewhere(subject: Subject): Promise<void> {
  const { declared, file, environment } = subject;
  const given = effectiveSettings(declared, file);
  const open = ['bucket', 'key'].filter((setting) => !given.has(setting));
  if (open.length === 0) return;
  const hints = (await findStateHints(subject, declared)).filter((hint) => hint.file !== file?.file);
  const hint = hints.find((each) => basename(each.file).includes(environment)) ?? hints[0];
  if (!hint) return;
  const others = hints.length > 1 ? ` (and ${hints.length - 1} more)` : '';
  throw new PhaseError(
    'backend',
    [
      `${shown(hint.file)}${others} ${MEANINGS[hint.kind]}, but nothing uses it:`,
      `${whoLeavesOpen(subject)} leaves ${open.map((setting) => `"${setting}"`).join(' and ')} open,`,
      'so the first deployment would begin with an empty state and create again what exists.',
      `Either ${wayOut(hint, subject, addressWith(given, subject.convention))},`,
      'or, if nothing exists yet, ask for the deployment with "adopt": "empty-state" (POST …/deployments)',
    ].join(' '),
  );
}

const MEANINGS: Readonly<Record<StateHint['kind'], string>> = {
  settings: 'seems to say where the state is kept',
  terragrunt: 'lets Terragrunt say where the state is kept',
  state: 'is a Terraform state',
};

function whoLeavesOpen({ declared, file, name }: Subject): string {
  const block = declared?.type === 's3' ? `the backend block in ${declared.file}:${declared.line}` : undefined;
  const local = declared?.type === 'local' ? `the "local" backend in ${declared.file}:${declared.line}` : undefined;
  const own = block ?? local ?? `the directory "${name}", which has no backend block,`;
  return file ? `${own} with ${file.file}` : own;
}

function wayOut({ kind, file }: StateHint, { name }: Subject, address: string): string {
  if (kind === 'settings') {
    const path = relative(name, file);
    if (BackendConfigFileSchema.safeParse(path).success)
      return `set "backendConfigFile": ${JSON.stringify(path)} of the environment, which completes the backend with it`;
    return 'give the file a plain name and set "backendConfigFile" of the environment to it';
  }
  if (kind === 'terragrunt')
    return 'write bucket, key and region of its remote_state into the backend block, or into a file that "backendConfigFile" of the environment names';
  return `copy it to ${address} (aws s3 cp, with credentials of the environment's account) and delete it in the repository, or name a copy's bucket and key in a backend "s3" block or in a file that "backendConfigFile" of the environment names`;
}

/** Returns where the state will be: what directory and file say, completed by the convention. */
const addressWith = (given: ReadonlyMap<string, BackendSetting>, { bucket, key }: Subject['convention']): string =>
  `s3://${given.get('bucket')?.literal ?? bucket}/${given.get('key')?.literal ?? key}`;

/** Returns a path as people can read it. Names of a repository may contain anything. */
const shown = (file: string): string => {
  const quoted = quotePath(file);
  return quoted === `"${file}"` ? file : quoted;
};

import type { AnyBuild } from '../build/run-build.ts';
import type { Engine } from './engine.ts';

/** The commands that read the configuration or the backend, beside `plan`, which gets the values in any case. */
type Command = 'init' | 'validate' | 'show' | 'apply' | 'state pull';

/**
 * The first versions of OpenTofu (1.x) whose commands take values for variables. Since 1.8, OpenTofu evaluates variables
 * in module sources, backends and encryption; since 1.9 also for the encryption of a saved plan. Every version of both
 * engines lets `init` have them, and older ones ignore them there.
 */
const SINCE: Readonly<Record<Command, number>> = { init: 0, validate: 8, show: 8, 'state pull': 8, apply: 9 };

/**
 * Returns the arguments with which a command gets the values that Stagegate gives the plan. Terraform's other commands
 * refuse them.
 */
export function variableArguments({ name, version }: Engine, command: Command, file: string): readonly string[] {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isNew = name === 'tofu' && (major > 1 || minor >= SINCE[command]);
  return command === 'init' || isNew ? [`-var-file=${file}`] : [];
}

/**
 * Returns these arguments for a command on a saved plan. The plan has the values itself, but where the directory
 * configures encryption, OpenTofu needs them to open the plan or the state. It compares them with those in the plan.
 */
export async function variableArgumentsForPlan(
  { paths }: Pick<AnyBuild, 'paths'>,
  engine: Engine,
  command: 'show' | 'apply',
): Promise<readonly string[]> {
  const given = variableArguments(engine, command, paths.generatedVariables);
  if (given.length === 0) return given;
  // Loaded only here, because few directories are for OpenTofu.
  const { configuresEncryption } = await import('../configuration/encryption.ts');
  return (await configuresEncryption(paths.directory)) ? given : [];
}

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { PhaseError } from '../../build/failure.ts';
import type { InspectBuild } from '../../build/run-build.ts';
import { listValuesFiles } from '../../configuration/files.ts';
import { realPathInside } from '../../configuration/places.ts';
import { readConfiguration } from '../../configuration/read-configuration.ts';
import { declaredVariables } from '../../configuration/variables.ts';
import type { Engine } from '../engine.ts';
import { concludeStep, runStep } from '../engine-step.ts';
import { type PlanFile, readPlanFile } from './plan-file.ts';
import { plannedBy } from './planned-by.ts';

type Values = PlanFile['variables'];

const MOST_NAMED = 5;

/**
 * Refuses a plan whose root variables have other values than those of the commit and of Stagegate. Its apply takes the
 * values from the plan, and people may not see their effect in the plan (arguments of a provisioner or a provider).
 * `added`: paths of the files that the plan left in the tree. The plan must have been printed before.
 */
export async function requireSameVariables(
  build: InspectBuild,
  engine: Engine,
  { variables, applyTimeVariables }: Pick<PlanFile, 'variables' | 'applyTimeVariables'>,
  added: readonly string[],
): Promise<void> {
  const declared = declaredIn(readFileSync(build.paths.planJson, 'utf8'));
  const wanted: Values = declared.length === 0 ? new Map() : await readValuesOfCommit(build, engine, declared, added);
  const missing = [...wanted.keys()].filter((name) => !variables.has(name));
  const ephemeral = missing.length === 0 ? new Set() : await readEphemeral(build);
  const found = [
    ...[...variables].filter(([name, value]) => !isSame(value, wanted.get(name))).map(([name]) => name),
    ...missing.filter((name) => !ephemeral.has(name)),
    ...applyTimeVariables.filter((name) => !wanted.has(name)),
  ];
  const wrong = [...new Set(found)].sort();
  if (wrong.length === 0) return;
  const named = wrong.slice(0, MOST_NAMED).map((name) => JSON.stringify(name.slice(0, LONGEST_TOLD)));
  const more = wrong.length > MOST_NAMED ? ` and ${wrong.length - MOST_NAMED} more` : '';
  throw new PhaseError(
    'plan-file',
    `the plan has other values than the commit for the variable(s) ${named.join(', ')}${more}`,
    { reason: 'plan-not-ours' },
  );
}

const LONGEST_TOLD = 100;

const isSame = (one: Uint8Array, other: Uint8Array | undefined): boolean =>
  other !== undefined && Buffer.from(one).equals(other);

/** Reads names only: a schema of records would skip a variable that is called `__proto__`. */
const NamesSchema = z
  .custom<object>((value) => typeof value === 'object' && value !== null)
  .transform((named) => Object.keys(named));
const PrintedSchema = z.object({
  configuration: z.object({ root_module: z.object({ variables: NamesSchema.default([]) }).optional() }).optional(),
});

/** Returns the variables that the engine found declared, in whatever syntax, overridden or not. */
const declaredIn = (planJson: string): readonly string[] =>
  PrintedSchema.parse(JSON.parse(planJson)).configuration?.root_module?.variables ?? [];

/**
 * Returns the values that a plan of the commit has. The engine reads them as in the plan build, without anything else
 * of the repository. A plan keeps values as they were given, before types, defaults and conditions of the variables
 * apply. So only the names of the declarations are needed. Each gets a default here, so that none has to be set.
 */
async function readValuesOfCommit(
  build: InspectBuild,
  engine: Engine,
  declared: readonly string[],
  added: readonly string[],
): Promise<Values> {
  const { paths } = build;
  const directory = paths.valuesOfCommit;
  mkdirSync(directory);
  const variable = Object.fromEntries(declared.map((name) => [name, { default: null }]));
  writeFileSync(join(directory, 'variables.tf.json'), JSON.stringify({ variable }));
  copyValuesFiles(build, added);
  const plan = join(directory, 'values.tfplan');
  const outcome = await runStep(build, engine, 'plan-file', {
    arguments: [
      ...['plan', '-input=false', '-lock=false', '-refresh=false', '-no-color'],
      ...[`-out=${plan}`, `-var-file=${paths.generatedVariables}`],
    ],
    directory,
    // This plan changes nothing, so its output is not shown.
    outputFile: join(directory, 'output'),
  });
  if (outcome.exitCode !== 0) concludeStep(build, engine, outcome);
  return (await readPlanFile(readFileSync(plan))).variables;
}

/**
 * Copies the commit's files of values. Leaves out links to files that the plan added: such a link led nowhere when the
 * plan read its values.
 */
function copyValuesFiles({ paths }: InspectBuild, added: readonly string[]): void {
  const ofPlan = new Set(added.map((path) => realPathInside(paths.tree, join(paths.tree, path))));
  for (const name of listValuesFiles(paths.directory)) {
    const file = realPathInside(paths.tree, join(paths.directory, name));
    if (file !== undefined && !ofPlan.has(file)) copyFileSync(file, join(paths.valuesOfCommit, name));
  }
}

/** Returns the variables whose values no plan keeps: the apply reads them again. Terraform does not print which. */
async function readEphemeral(build: InspectBuild): Promise<ReadonlySet<string>> {
  const configuration = await readConfiguration(build.paths.directory, plannedBy(build).name, '');
  return new Set(declaredVariables(configuration).flatMap(({ name, isEphemeral }) => (isEphemeral ? [name] : [])));
}

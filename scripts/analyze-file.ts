import { readFileSync, statSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { describeAnalysis } from '../cli/plan/describe-analysis.ts';
import { DomainError } from '../lambdas/domain/errors.ts';
import { RegionSchema } from '../lambdas/domain/names.ts';
import { type Analysis, analyzePlan } from '../lambdas/domain/plan/analyze-plan.ts';
import { MOST_PLAN_BYTES } from '../lambdas/domain/plan/read-plan.ts';
import { STAGES, StageSchema } from '../lambdas/domain/policy.ts';
import { BUNDLED_PRICE_SHEET } from '../lambdas/domain/prices/bundled-price-sheet.ts';
import { type PriceSheet, parsePriceSheet } from '../lambdas/domain/prices/price-sheet.ts';
import type { CommandLine } from './command-line.ts';

const USAGE = `usage: npm run analyze -- PLAN.json [options]

  PLAN.json               output of "terraform show -json PLAN" or "tofu show -json PLAN"
  --prices SHEET.csv      price sheet in OpenInfraQuote's format instead of the bundled one
  --region REGION         region of the environment, for resources whose own is not in the plan (us-east-1)
  --stage STAGE           ${STAGES.join(', ')} (production)
  --deletion-protection   judge as an environment with deletion protection
  --modules FILE          .terraform/modules/modules.json, for the versions registry modules resolved to
  --commit SHA            commit of the configuration, the version of its local modules
  --json                  one JSON object instead of the tables
`;

/** Thrown for wrong arguments or unusable files: one line of text, exit code 2. */
class UsageError extends Error {
  override readonly name = 'UsageError';
}

function readArguments(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        prices: { type: 'string' },
        region: { type: 'string', default: 'us-east-1' },
        stage: { type: 'string', default: 'production' },
        'deletion-protection': { type: 'boolean', default: false },
        modules: { type: 'string' },
        commit: { type: 'string' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message.replace(/\s+/g, ' ') : String(error));
  }
}

/** Reads a file that the command line names. Its path is relative to the directory in which the command was given. */
function readInput(directory: string, path: string, what: string): Buffer {
  const file = resolve(directory, path);
  try {
    const { size } = statSync(file);
    if (size > MOST_PLAN_BYTES)
      throw new UsageError(
        `reading ${what} ${path}: ${size} bytes are more than the limit of ${MOST_PLAN_BYTES} (50 MB)`,
      );
    return readFileSync(file);
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
    if (code === undefined) throw error;
    throw new UsageError(`reading ${what} ${path}: ${code === 'ENOENT' ? 'no such file' : String(code)}`);
  }
}

function readPrices(directory: string, path: string | undefined): PriceSheet {
  if (path === undefined) return BUNDLED_PRICE_SHEET;
  const date = statSync(resolve(directory, path), { throwIfNoEntry: false })?.mtime.toISOString().slice(0, 10);
  return parsePriceSheet(readInput(directory, path, 'price sheet').toString('utf8'), {
    name: basename(path),
    ...(date && { date }),
  });
}

function readModules(directory: string, path: string | undefined): unknown {
  if (path === undefined) return undefined;
  try {
    return JSON.parse(readInput(directory, path, 'module manifest').toString('utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) throw new UsageError(`reading module manifest ${path}: not JSON`);
    throw error;
  }
}

function analyze({ args, directory }: CommandLine): { analysis: Analysis; isJson: boolean; file: string } | undefined {
  const { values, positionals } = readArguments(args);
  if (values.help) return undefined;
  const [file, ...others] = positionals;
  if (file === undefined)
    throw new UsageError('name the plan: npm run analyze -- PLAN.json (--help lists the options)');
  if (others.length > 0) throw new UsageError(`one plan at a time, got also ${others.join(' ')}`);
  const stage = StageSchema.safeParse(values.stage);
  if (!stage.success) throw new UsageError(`--stage is one of ${STAGES.join(', ')}, got "${values.stage}"`);
  if (!RegionSchema.safeParse(values.region).success)
    throw new UsageError(`--region is an AWS region such as eu-west-1, got "${values.region}"`);
  const analysis = analyzePlan({
    plan: readInput(directory, file, 'plan'),
    region: values.region,
    stage: stage.data,
    deletionProtection: values['deletion-protection'],
    priceSheet: readPrices(directory, values.prices),
    modulesJson: readModules(directory, values.modules),
    commit: values.commit,
  });
  return { analysis, isJson: values.json, file };
}

/** The width of the tables, and whether they may have colours. */
interface Screen {
  readonly width: number | undefined;
  readonly hasColors: boolean;
}

/** Prints the analysis of a plan, for people or, with `--json`, for programs. Returns the exit code. */
export function analyzeFile(line: CommandLine, screen: Screen): number {
  try {
    const result = analyze(line);
    if (!result) line.print(USAGE);
    else if (result.isJson) line.print(`${JSON.stringify(result.analysis, null, 2)}\n`);
    else line.print(describeAnalysis(result.analysis, { file: basename(result.file), ...screen }));
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError) && !(error instanceof DomainError)) throw error;
    line.complain(`analyze: ${error.message.replace(/\s*\n\s*/g, ' ')}\n`);
    return 2;
  }
}

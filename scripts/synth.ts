import { readFileSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { allEnded } from '../buildspecs/program/build/all-ended.ts';
import { BUNDLES, bundleBuilds, bundleFunctions } from './bundle.ts';

/**
 * Synthesizes the same assembly as `cdk synth`, in this process and in a fraction of the time. `--local` leaves out the
 * checks (cdk-nag, CloudFormation rules), which cannot change the result.
 */
const { values: options } = parseArgs({
  options: {
    output: { type: 'string', default: 'cdk.out' },
    local: { type: 'boolean', default: false },
    /** Directory of other function bundles, for example stand-ins, to use instead of those of `lambdas/`. */
    functions: { type: 'string' },
    /** `key=value`, which overrides cdk.json. May be repeated. */
    context: { type: 'string', short: 'c', multiple: true, default: [] },
  },
});
const root = dirname(import.meta.dirname);
const directory = resolve(root, options.output);

// CDK is large. With a compile cache it loads in half the time.
enableCompileCache();
if (options.local) process.env.CDK_VALIDATION = 'false';
const { context } = z
  .object({ context: z.record(z.string(), z.unknown()) })
  .parse(JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8')));

// Loading CDK and bundling take about the same time and run side by side: rolldown has threads of its own, and esbuild is a process.
const [{ makeApp }] = await allEnded([
  import('../lib/stagegate-app.ts'),
  options.functions ? undefined : bundleFunctions(),
  bundleBuilds(),
]);
const functionsDirectory = options.functions ? resolve(options.functions) : BUNDLES.functionsDirectory;
const given = Object.fromEntries(options.context.map((pair) => /^([^=]+)=(.*)$/s.exec(pair)?.slice(1) ?? [pair, '']));
const app = makeApp({ ...BUNDLES, functionsDirectory }, { context: { ...context, ...given }, outdir: directory });
if (!options.local) (await import('../lib/checks.ts')).addChecks(app);
app.synth();
console.log(directory);

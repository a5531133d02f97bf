import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleFunctions } from '../../scripts/bundle.ts';
import { oncePerRunAsync } from './once-per-run.ts';

interface FunctionBundles {
  readonly directory: string;
  readonly modules: Awaited<ReturnType<typeof bundleFunctions>>;
}

/** Returns all functions as they are deployed. They are bundled once per run and must only be read. */
export async function functionBundles(): Promise<FunctionBundles> {
  const made = await oncePerRunAsync('functions', async (draft) => {
    const modules = await bundleFunctions(join(draft, 'functions'));
    writeFileSync(join(draft, 'modules.json'), JSON.stringify([...modules]));
  });
  return {
    directory: join(made, 'functions'),
    modules: new Map(JSON.parse(readFileSync(join(made, 'modules.json'), 'utf8'))),
  };
}

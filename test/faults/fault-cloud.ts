import * as z from 'zod';
import type { Execution } from '../../local/asl/execution.ts';
import { TestCloud } from '../e2e/test-cloud.ts';
import { FaultBuilds } from './fault-builds.ts';
import { WAITS_DIVIDED_BY } from './scale.ts';

const RECONCILE = 'stagegate-reconcile';
/** Least time between two runs of the reconciler: each reads every application. */
const REST_MS = 3_000;

/** A local cloud with builds that answer at once and short waits. */
export interface FaultCloud {
  readonly cloud: TestCloud;
  readonly builds: FaultBuilds;
  /** Returns the executions whose names begin with this text, oldest first. Costs no call. */
  executionsOf(prefix: string): readonly Execution[];
  /** Runs the reconciler as its schedule does, unless it has just run. */
  reconcile(): Promise<void>;
  stop(): Promise<void>;
}

const StartedSchema = z.object({ name: z.string() });

export async function startFaultCloud(): Promise<FaultCloud> {
  const builds = new FaultBuilds();
  const cloud = await TestCloud.start({
    engine: 'opentofu',
    files: { 'README.md': 'config' },
    waitsDividedBy: WAITS_DIVIDED_BY,
    buildStandIn: builds,
  });
  const started = new Set<string>();
  cloud.local.door.faults.watch(({ service, operation, input }) => {
    if (service !== 'states' || operation !== 'StartExecution') return;
    const { data } = StartedSchema.safeParse(input);
    if (data) started.add(data.name);
  });
  let reconciledAt = 0;
  return {
    cloud,
    builds,
    executionsOf: (prefix) =>
      [...started]
        .filter((name) => name.startsWith(prefix))
        .flatMap((name) => cloud.local.states.execution(cloud.executionArn(name)) ?? []),
    async reconcile() {
      if (performance.now() - reconciledAt < REST_MS) return;
      reconciledAt = performance.now();
      // A run that fails is repeated by the next one, as with its schedule.
      await cloud.strike(RECONCILE).catch(() => undefined);
    },
    stop: () => cloud.stop(),
  };
}

import { enableCompileCache } from 'node:module';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import * as z from 'zod';

/** A thread that synthesizes the configurations it gets, one after another. The caller sleeps meanwhile. */
const { port, compiled } = z.object({ port: z.custom<MessagePort>(), compiled: z.string() }).parse(workerData);
if (!parentPort) throw new Error('this runs in a thread of its own');
enableCompileCache(compiled);
process.env.CDK_VALIDATION = 'false';
const { appWith, makeStandIns } = await import('./cdk-app.ts');

const RequestSchema = z.object({
  directory: z.string(),
  configuration: z.record(z.string(), z.unknown()),
  done: z.instanceof(Int32Array),
});

port.on('message', (message: unknown) => {
  const { directory, configuration, done } = RequestSchema.parse(message);
  const standIns = makeStandIns();
  try {
    appWith(configuration, standIns, directory).synth();
    port.postMessage({});
  } catch (error) {
    port.postMessage({ failure: error instanceof Error ? error.message : String(error) });
  } finally {
    standIns.remove();
    Atomics.store(done, 0, 1);
    Atomics.notify(done, 0);
  }
});

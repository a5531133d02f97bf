import { addChecks } from '../lib/checks.ts';
import { ConfigurationError } from '../lib/config.ts';
import { makeApp, readConfiguration } from '../lib/stagegate-app.ts';
import { BUNDLES, bundle } from '../scripts/bundle.ts';

try {
  // Reports mistakes at once, before anything is bundled.
  readConfiguration();
  await bundle();
  const app = makeApp(BUNDLES);
  addChecks(app);
  app.synth();
} catch (error) {
  if (!(error instanceof ConfigurationError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

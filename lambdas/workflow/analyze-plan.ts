import { analyzeDeploymentPlan } from '../domain/deployment/analyze-deployment-plan.ts';
import { PlanVerdictSchema } from '../domain/deployment/settle-plan.ts';
import { FUNCTIONS } from '../functions.ts';
import { countProviders } from '../runtime/metrics.ts';
import { taskHandler } from '../runtime/task-handler.ts';
import { AnalysisPayload } from './payload.ts';

const services = FUNCTIONS['analyze-plan'].services.from(process.env);

export const handler = taskHandler(
  { input: AnalysisPayload, output: PlanVerdictSchema },
  async ({ deploymentId, inspected }) => {
    const { providers, ...verdict } = await analyzeDeploymentPlan(services, deploymentId, { isInspected: inspected });
    if (providers) countProviders(providers);
    return verdict;
  },
);

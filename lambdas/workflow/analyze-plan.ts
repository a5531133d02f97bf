import { analyzeDeploymentPlan, PlanVerdictSchema } from '../domain/deployment/analyze-deployment-plan.ts';
import { countProviders } from '../runtime/metrics.ts';
import { servicesOf } from '../runtime/services.ts';
import { taskHandler } from '../runtime/task-handler.ts';
import { AnalysisPayload } from './payload.ts';

const services = servicesOf('analyze-plan');

export const handler = taskHandler(
  { input: AnalysisPayload, output: PlanVerdictSchema },
  async ({ deploymentId, inspected }) => {
    const { providers, ...verdict } = await analyzeDeploymentPlan(services, deploymentId, { isInspected: inspected });
    if (providers) countProviders(providers);
    return verdict;
  },
);

import { DeploymentIdSchema } from '../names.ts';
import { ConfigurationSchema } from '../plan/parity.ts';

/** The configuration of an environment once the deployment's plan is applied, for comparing environments. */
export const PlannedConfigurationSchema = ConfigurationSchema.extend({ deploymentId: DeploymentIdSchema });

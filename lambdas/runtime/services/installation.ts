import { installationOf } from '../../domain/contract/installation.ts';
import type { Environment } from './service-set.ts';

/** Returns the installation of a function. Lambda tells each function its name, which begins with the installation. */
export const installationIn = ({ AWS_LAMBDA_FUNCTION_NAME = '' }: Environment): string =>
  installationOf(AWS_LAMBDA_FUNCTION_NAME);

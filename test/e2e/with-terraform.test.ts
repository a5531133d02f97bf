/**
 * Suites that share a cloud whose applications use Terraform. The first counts releases of pushes that concern every
 * application; the last injects faults.
 */
import './config-repositories.suite.ts';
import './ephemeral.suite.ts';
import './proven-before.suite.ts';
import './interruptions.suite.ts';

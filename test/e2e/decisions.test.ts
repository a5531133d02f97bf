/**
 * Suites that share a cloud. The first compares all records before and after a flood, so nothing else may run at that
 * time; the last hurries the workflow's clock.
 */
import './people.suite.ts';
import './workflow-paths.suite.ts';
import './decision-races.suite.ts';

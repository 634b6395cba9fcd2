/** The command lines that empty pages name, in one place so that they follow the CLI. */
export const cli = {
  demo: 'millwright demo flights',
  quickDemo: 'millwright demo flights --quick',
  tracking: 'export MLFLOW_TRACKING_URI=http://localhost:5000',
} as const;

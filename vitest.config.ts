import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The demo waits more than it computes: started first, it runs beside all the others instead of after them. */
class DemoFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isDemo = ({ moduleId }: TestSpecification) => moduleId.endsWith("test/cli/demo.test.ts");
    return [...sorted.filter(isDemo), ...sorted.filter((file) => !isDemo(file))];
  }
}

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // For what hangs: what is slow on a slow machine is to pass.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    pool: "forks",
    maxWorkers: 3,
    env: { ORT_DISABLE_TELEMETRY: "1" },
    sequence: { sequencer: DemoFirst },
  },
});

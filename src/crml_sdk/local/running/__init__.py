"""Running users' own containers: `[extra local]`, Linux.

`workspace.py` reads the workspace file; `runner.py` is what the local service is given. A job goes
`runner` → `training` or `inference` → `containers` (the image's files and command, `dockerfile`,
`layers`) → `sandbox` and `view` (what a container sees) → `process` (what it does) → `archives`,
`reports`, `results` (what it leaves). `inside/` runs in the sandbox.
"""

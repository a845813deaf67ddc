"""`python -m google_adk_aws.cli`: the same as `adk-artifacts`."""

from google_adk_aws.cli.start import main

if __name__ == "__main__":
    main()

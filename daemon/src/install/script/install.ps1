# Installs Claude Code from inside your company's network, for Windows PowerShell 5.1 and PowerShell 7:
#   irm @INSTALL@/install.ps1 | iex
# Nothing is fetched from anywhere else, and no more rights are asked for than you have.

function Install-ClaudeCode {
    Set-StrictMode -Version 2.0
    $ErrorActionPreference = 'Stop'
    $ProgressPreference = 'SilentlyContinue'

    $server = '@INSTALL@'
    $version = '@VERSION@'
    # Platform, SHA-256 and size: of Claude Code as its makers signed it, and of the agent.
    $programs = @'
@PROGRAMS@
'@
    $agents = @'
@AGENTS@
'@

    function Get-Platform {
        $processor = $env:PROCESSOR_ARCHITECTURE
        if ($env:PROCESSOR_ARCHITEW6432) {
            $processor = $env:PROCESSOR_ARCHITEW6432
        }
        if ($processor -eq 'AMD64') {
            return 'win32-x64'
        }
        if ($processor -eq 'ARM64') {
            return 'win32-arm64'
        }
        throw "there is no Claude Code for the processor $processor"
    }

    function Find-Line {
        param(
            [string] $Table,
            [string] $Platform
        )
        foreach ($line in $Table.Split("`n")) {
            $fields = $line.Trim().Split(' ')
            if ($fields[0] -eq $Platform) {
                return , $fields
            }
        }
        return $null
    }

    # Adds what is missing to a file that a broken download has left.
    function Get-Rest {
        param(
            [string] $Url,
            [string] $Path
        )
        $curl = Get-Command 'curl.exe' -CommandType Application -ErrorAction SilentlyContinue
        if ($curl) {
            $options = @('--fail', '--silent', '--show-error', '--location', '--retry', '5')
            $options += @('--continue-at', '-', '--output', $Path, $Url)
            & $curl.Source $options
            if ($LASTEXITCODE -ne 0) {
                throw "$Url could not be fetched; run the same line again: it goes on where it ended"
            }
            return
        }
        Invoke-WebRequest -UseBasicParsing -Uri $Url -OutFile $Path
    }

    # Fetches a file and puts it there if it is the right one.
    function Get-Verified {
        param(
            [string] $Url,
            [string] $Path,
            [string] $Digest,
            [long] $Size
        )
        $part = "$Path.$Digest.part"
        $isWhole = (Test-Path -LiteralPath $part) -and ((Get-Item -LiteralPath $part).Length -ge $Size)
        if (-not $isWhole) {
            Get-Rest -Url $Url -Path $part
        }
        $found = (Get-FileHash -LiteralPath $part -Algorithm SHA256).Hash
        if (($found -ne $Digest) -or ((Get-Item -LiteralPath $part).Length -ne $Size)) {
            Remove-Item -LiteralPath $part -Force
            throw "$Url is not what it should be: it was thrown away; run the same line again, or tell your administrators"
        }
        Move-Item -LiteralPath $part -Destination $Path -Force
    }

    # Leaves the rest to the agent.
    function Install-Agent {
        param(
            [string] $Platform,
            [string[]] $Fields
        )
        $folder = Join-Path $env:USERPROFILE '.claude\bin'
        New-Item -ItemType Directory -Path $folder -Force | Out-Null
        $path = Join-Path $folder 'claude-agent.exe'
        Get-Verified -Url "$server/agent/$Platform/claude-agent.exe" -Path $path -Digest $Fields[1] -Size $Fields[2]
        Write-Host "the agent is at $path"
        $env:AUTH_SERVER_URL = '@AUTH@'
        $env:LLM_GATEWAY_URL = '@GATEWAY@'
        $env:INSTALL_SERVER_URL = $server
        $env:ENTRA_TENANT_ID = '@TENANT@'
        $env:ENTRA_CLIENT_ID = '@CLIENT@'
        $env:ENTRA_AUTHORITY = '@AUTHORITY@'
        $env:BEDROCK_REGION = '@REGION@'
        & $path install
        if ($LASTEXITCODE -ne 0) {
            throw 'the agent could not finish the installation'
        }
    }

    # Puts the program where Claude Code's own installer puts it.
    function Install-Program {
        param(
            [string] $Platform,
            [string[]] $Fields
        )
        $versions = Join-Path $env:USERPROFILE '.local\share\claude\versions'
        $programs = Join-Path $env:USERPROFILE '.local\bin'
        New-Item -ItemType Directory -Path $versions -Force | Out-Null
        New-Item -ItemType Directory -Path $programs -Force | Out-Null
        $kept = Join-Path $versions $version
        $url = "$server/claude-code-releases/$version/$Platform/claude.exe"
        Get-Verified -Url $url -Path $kept -Digest $Fields[1] -Size $Fields[2]
        $path = Join-Path $programs 'claude.exe'
        Copy-Item -LiteralPath $kept -Destination "$path.new" -Force
        Move-Item -LiteralPath "$path.new" -Destination $path -Force
        Write-Host "Claude Code $version is installed: $path"
        $isReachable = $env:PATH.Split(';') -contains $programs
        if (-not $isReachable) {
            Write-Host "hint: add $programs to your PATH"
        }
    }

    $platform = Get-Platform
    $agent = Find-Line -Table $agents -Platform $platform
    if ($agent) {
        Install-Agent -Platform $platform -Fields $agent
        return
    }
    Write-Host "there is no agent for $platform on this server: Claude Code alone is installed, without sign-in"
    $program = Find-Line -Table $programs -Platform $platform
    if (-not $program) {
        throw "there is no Claude Code for $platform on this server; ask your administrators to mirror it"
    }
    Install-Program -Platform $platform -Fields $program
}

Install-ClaudeCode

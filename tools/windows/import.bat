@echo off
rem Double-click: shows what an import of the files beside this one would do, then asks whether to do it.
chcp 65001 >nul
set PYTHONUTF8=1
cd /d "%~dp0"
if not defined DATABASE_URL set /p DATABASE_URL=DATABASE_URL: 
set SOURCES=
if exist telegram.json set SOURCES=%SOURCES% telegram-json=telegram.json
if exist voice_data.json (if exist user_data.json set SOURCES=%SOURCES% discord-json=user_data.json,voice_data.json) else (if exist user_data.json set SOURCES=%SOURCES% discord-json=user_data.json)
if exist accounts.json set SOURCES=%SOURCES% website-json=accounts.json
if defined TELEGRAM_DATABASE_URL set SOURCES=%SOURCES% telegram-postgres=env:TELEGRAM_DATABASE_URL
if defined DISCORD_DATABASE_URL set SOURCES=%SOURCES% discord-postgres=env:DISCORD_DATABASE_URL
if defined WEBSITE_DATABASE_URL set SOURCES=%SOURCES% website-postgres=env:WEBSITE_DATABASE_URL
ttfd import --dry-run --report report.html %SOURCES% || goto end
choice /m "OK?"
if errorlevel 2 goto end
ttfd import --report report.html %SOURCES%
:end
pause
